"""The Teams app package: icons, the manifest's values, and what Microsoft's schema says about them."""
