from django.conf import settings
from django.db import models


class Ticket(models.Model):
    title = models.CharField(max_length=100)
    text = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    is_open = models.BooleanField(default=True)

    def __str__(self):
        return self.title
