"""Serializer, view set and registration."""

import hashlib
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from rest_framework import permissions, serializers, viewsets
from rest_framework.decorators import api_view, permission_classes
from rest_framework.response import Response

from adverts.models import Advert, AuditEntry, KeptAnswer


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

    def create(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Write the row; with an `Idempotency-Key` once only, with an audit row and the kept answer in one transaction."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return super().create(request, *args, **kwargs)
        fingerprint = hashlib.sha256(repr(sorted(request.data.items())).encode()).hexdigest()
        with transaction.atomic():
            kept = KeptAnswer.objects.filter(user=request.user, key=key).first()
            if kept is not None:
                if kept.fingerprint != fingerprint:
                    return Response({"detail": "This key was used for another request"}, status=422)
                return Response(kept.body, status=kept.status)
            serializer = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            self.perform_create(serializer)
            row_id = serializer.instance.id
            AuditEntry.objects.create(user=request.user, operation="create", row_id=row_id, changes=request.data)
            KeptAnswer.objects.create(
                user=request.user, key=key, fingerprint=fingerprint, status=201, body=serializer.data
            )
        return Response(serializer.data, status=201)

    def perform_create(self, serializer: Any) -> None:
        """Write the row with its owner."""
        serializer.save(owner=self.request.user)


@api_view(["POST"])
@permission_classes([permissions.AllowAny])
def register(request: Any) -> Response:
    """Make an account (its name is its e-mail address)."""
    user = User.objects.create_user(request.data["email"], request.data["email"], request.data["password"])
    return Response({"email": user.email}, status=201)
