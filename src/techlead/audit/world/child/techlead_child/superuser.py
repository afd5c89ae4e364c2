"""Makes a Django project's first administrator, as createsuperuser would: python superuser.py, after migrate."""

import os
import runpy
import sys


def main():
    """Find the settings in manage.py, and make one account with whatever fields the model asks for."""
    sys.path.insert(0, os.getcwd())
    sys.argv = ["manage.py", "check"]
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit:
        pass
    from django.contrib.auth import get_user_model

    model = get_user_model()
    login, password = os.environ["AUDITED_ADMIN"], os.environ["AUDITED_ADMIN_PASSWORD"]
    values = {}
    for name in {model.USERNAME_FIELD, *model.REQUIRED_FIELDS}:
        values[name] = login if "mail" in name or name == model.USERNAME_FIELD else "Audit"
    model._default_manager.create_superuser(password=password, **values)


if __name__ == "__main__":
    main()
