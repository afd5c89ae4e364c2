"""Routes of the Django peer."""

from adverts.views import AdvertViewSet, register
from django.urls import include, path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.routers import SimpleRouter

router = SimpleRouter(trailing_slash=False)
router.register("adverts", AdvertViewSet, basename="advert")
urlpatterns = [
    path("auth/register", register),
    path("auth/login", obtain_auth_token),
    path("", include(router.urls)),
]
