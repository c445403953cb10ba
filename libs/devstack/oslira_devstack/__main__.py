"""`python -m oslira_devstack`: the command with the stack's own commands, also where packages are copied and not installed."""

from oslira_cli.main import main

from oslira_devstack import extension

if __name__ == "__main__":
    main(extension)
