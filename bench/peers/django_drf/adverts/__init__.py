"""The application `adverts` of the Django peer."""
