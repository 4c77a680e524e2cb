"""The history of all credentials: embedded Parquet files always, Log Analytics as well when configured."""
