"""`python -m tiphys` is `tiphys`."""

from tiphys.cli.main import main

main()
