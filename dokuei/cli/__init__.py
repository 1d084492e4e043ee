"""The command line `dokuei`: the promise to operators and scripts."""
