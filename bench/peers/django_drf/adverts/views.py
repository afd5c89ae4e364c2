"""Serializer, view set and registration."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import permissions, serializers, viewsets
from rest_framework.decorators import api_view, permission_classes
from rest_framework.response import Response

from adverts.models import Advert


class AdvertSerializer(serializers.ModelSerializer):
    """All ten columns; the owner is never taken from the client."""

    class Meta:
        """The fields of the model, in its order."""

        model = Advert
        fields = "__all__"
        read_only_fields = ("owner",)


class AdvertViewSet(viewsets.ModelViewSet):
    """The user's own adverts."""

    serializer_class = AdvertSerializer

    def get_queryset(self) -> Any:
        """Answer the rows that this user may see."""
        return Advert.objects.filter(owner=self.request.user)

    def perform_create(self, serializer: Any) -> None:
        """Write the row with its owner."""
        serializer.save(owner=self.request.user)


@api_view(["POST"])
@permission_classes([permissions.AllowAny])
def register(request: Any) -> Response:
    """Make an account (its name is its e-mail address)."""
    user = User.objects.create_user(request.data["email"], request.data["email"], request.data["password"])
    return Response({"email": user.email}, status=201)
