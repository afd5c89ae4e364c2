"""The row of ten columns."""

import uuid

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class Advert(models.Model):
    """Something for sale, seen by its owner only."""

    class Category(models.TextChoices):
        """What kind of thing it is."""

        BIKE = "bike"
        BOOK = "book"
        TOOL = "tool"
        TOY = "toy"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="adverts")
    title = models.CharField(max_length=120)
    description = models.CharField(max_length=500)
    price_cents = models.BigIntegerField(validators=[MinValueValidator(100), MaxValueValidator(10**12)])
    quantity = models.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(1000)])
    category = models.CharField(max_length=40, choices=Category.choices)
    contact = models.EmailField()
    available = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Newest first."""

        ordering = ("-created_at",)
        indexes = (models.Index(fields=["owner", "created_at"]),)

    def __str__(self) -> str:
        """Answer the title."""
        return self.title


class KeptAnswer(models.Model):
    """What a key was answered."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    status = models.IntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        """One answer for each key of an account."""

        constraints = (models.UniqueConstraint(fields=["user", "key"], name="one_answer_a_key"),)

    def __str__(self) -> str:
        """Answer the key."""
        return self.key


class AuditEntry(models.Model):
    """Who did what to which row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    operation = models.CharField(max_length=80)
    row_id = models.UUIDField()
    changes = models.JSONField()

    class Meta:
        """Read by row."""

        indexes = (models.Index(fields=["row_id", "at"]),)

    def __str__(self) -> str:
        """Answer the operation."""
        return self.operation
