"""What models answer, and the result that is made of their answers."""
