"""The practice tenant: loopback twins of Entra, Graph, Logs and the Bot Connector, and a tenant to play in."""
