"""`python -m dokuei` is `dokuei`."""

from dokuei.cli.main import main

if __name__ == "__main__":
    main(prog_name="dokuei")
