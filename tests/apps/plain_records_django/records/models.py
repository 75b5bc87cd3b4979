from django.db import models
from encrypted_fields import fields as fernet
from encrypted_model_fields.fields import EncryptedCharField, EncryptedDateField


class Patient(models.Model):
    name = models.CharField(max_length=80)
    national_id = models.CharField(max_length=32, blank=True)
    iban = EncryptedCharField(max_length=64, null=True)
    born = EncryptedDateField(null=True)
    diagnosis = fernet.EncryptedTextField(null=True)
    refresh_token_hash = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField(auto_now_add=True)


class Visit(models.Model):
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE)
    medical_notes = models.TextField()
    room = models.CharField(max_length=20)
