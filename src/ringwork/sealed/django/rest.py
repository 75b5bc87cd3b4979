"""Sealed fields in serializers of Django REST framework: masked going out, sealed coming in.

Against an answer that holds a secret because somebody wrote `fields = "__all__"`: a plain ModelSerializer gives the sealed bytes, a
SealedModelSerializer a mask, and both take a new value. To send the value itself, declare it: `text = serializers.CharField()`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from ringwork.sealed.django.fields import SealedField
from ringwork.sealed.values import MASK


class MaskedField(serializers.ModelField):  # type: ignore[misc]  # it has no types
    """A mask going out; what comes in replaces the value."""

    def to_representation(self, value: Any) -> str:
        """The mask, whatever is stored."""
        return MASK

    def to_internal_value(self, data: Any) -> Any:
        """The new value, validated as in a form. Refuses the mask, which a client may have been shown and sent back."""
        return self.model_field.clean(data, None)


class SealedModelSerializer(serializers.ModelSerializer):  # type: ignore[misc]  # it has no types
    """ModelSerializer, with a mask for each sealed field."""

    serializer_field_mapping: ClassVar[dict[Any, Any]] = {**serializers.ModelSerializer.serializer_field_mapping, SealedField: MaskedField}
