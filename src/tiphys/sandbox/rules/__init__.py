"""What is refused of an object, and what is only warned of, in the API server's words."""
