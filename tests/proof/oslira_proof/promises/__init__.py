"""The engine's promises, measured on a running stack: campaign tests assert them, `oslira demo --engine` shows them."""
