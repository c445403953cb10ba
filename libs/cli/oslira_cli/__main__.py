"""`python -m oslira_cli`."""

from oslira_cli.main import main

if __name__ == "__main__":
    main()
