"""ringwork as a Django app: `"ringwork.django"` in INSTALLED_APPS, `"ringwork.django.middleware.Middleware"` first in MIDDLEWARE."""
