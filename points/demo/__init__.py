"""A believable hospital for the demo: fictitious people, relative to the day it is built, otherwise always the same."""
