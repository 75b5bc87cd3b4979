import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def first_ticket(apps, schema_editor):
    apps.get_model("tickets", "Ticket").objects.create(title="Hello", text="The first ticket.")


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=100)),
                ("text", models.TextField(blank=True)),
                ("is_open", models.BooleanField(default=True)),
                (
                    "author",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
                ),
            ],
        ),
        migrations.RunPython(first_ticket, migrations.RunPython.noop),
    ]
