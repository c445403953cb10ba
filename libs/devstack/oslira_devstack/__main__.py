"""`python -m oslira_devstack`: the `oslira` command, where nothing installed it as one."""

from oslira_devstack.cli import main

if __name__ == "__main__":
    main()
