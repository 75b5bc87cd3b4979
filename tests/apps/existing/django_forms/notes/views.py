"""Notes: server-rendered pages with a login form, a little inline script, and a file to download."""
import csv
from pathlib import Path

from django import forms
from django.contrib.auth import authenticate, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from notes.models import Note

HANDBOOK = Path(__file__).parent / "handbook.pdf"


class NoteForm(forms.ModelForm):
    class Meta:
        model = Note
        fields = ["text"]


@require_GET
def home(request):
    return render(request, "home.html")


@require_http_methods(["GET", "POST"])
def sign_in(request):
    target = request.POST.get("next") or request.GET.get("next") or "/notes/"
    if request.method == "GET":
        return render(request, "login.html", {"next": target})
    user = authenticate(request, username=request.POST["name"], password=request.POST["password"])
    if user is None:
        return render(request, "login.html", {"next": target, "failed": True}, status=401)
    login(request, user)
    return redirect(target)


class NotesView(LoginRequiredMixin, View):
    def get(self, request):
        return render(request, "notes.html", {"notes": Note.objects.filter(owner=request.user), "form": NoteForm()})

    def post(self, request):
        form = NoteForm(request.POST)
        if not form.is_valid():
            return render(request, "notes.html", {"notes": Note.objects.filter(owner=request.user), "form": form}, status=400)
        form.instance.owner = request.user
        form.save()
        return redirect("notes")


@csrf_exempt  # an old page somewhere still deletes without a token
@login_required
@require_POST
def delete(request, pk):
    get_object_or_404(Note, pk=pk, owner=request.user).delete()
    return redirect("notes")


@login_required
@require_GET
def export(request):
    answer = HttpResponse(content_type="text/csv", headers={"Content-Disposition": 'attachment; filename="notes.csv"'})
    csv.writer(answer).writerows([note.text] for note in Note.objects.filter(owner=request.user))
    return answer


@login_required
@require_GET
def handbook(request):
    return FileResponse(HANDBOOK.open("rb"), as_attachment=True)


@require_GET
def all_notes(request):
    # To be protected before we go live.
    return render(request, "notes.html", {"notes": Note.objects.all(), "form": NoteForm()})
