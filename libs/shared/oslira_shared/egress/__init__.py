"""Going out to addresses that strangers name: which ones are out on the internet, and which are not ours to reach."""
