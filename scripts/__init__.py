"""What a developer's machine needs around the app: setting up, the storage emulator, running everything at once."""
