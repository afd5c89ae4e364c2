"""From sightings to findings: shown twice, grouped, weighed, the worst first."""
