"""The benchmark: techlead beside its peers, one core each, all in one run. Start it with `make bench`."""
