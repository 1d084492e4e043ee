import sys

from test_data.cli import main

sys.exit(main())
