from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt

from .models import Patient


def home(request):
    return JsonResponse({"office": True})


def patients(request):
    return JsonResponse({"patients": [{"id": p.id, "name": p.name} for p in Patient.objects.all()]})


@csrf_exempt
def add(request):
    if request.method != "POST":
        return JsonResponse({}, status=405)
    made = Patient.objects.create(name=request.POST["name"], national_id=request.POST.get("national_id", ""))
    return JsonResponse({"id": made.id})
