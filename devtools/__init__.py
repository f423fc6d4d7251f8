"""What `./dev` does. Standard library only, so that it runs before anything is installed."""
