"""What runs in Azure: the workbook, made from the archive's own queries."""
