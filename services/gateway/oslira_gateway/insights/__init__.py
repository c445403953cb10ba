"""What an account's own data says of its use, its waiting and its results; and to operators, of cost and margin."""
