from django.contrib.auth import authenticate, login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.generic import CreateView

from .models import Ticket


def index(request):
    return render(request, "tickets/index.html", {"tickets": Ticket.objects.order_by("-id")})


def sign_in(request):
    if request.method == "POST":
        user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
        if user is not None:
            login(request, user)
            return HttpResponseRedirect(request.GET.get("next") or "/")
    return render(request, "tickets/login.html")


class TicketCreate(LoginRequiredMixin, CreateView):
    model = Ticket
    fields = ["title", "text"]
    template_name = "tickets/new.html"
    success_url = "/"

    def form_valid(self, form):
        form.instance.author = self.request.user
        return super().form_valid(form)


@login_required
def show(request, pk):
    return render(request, "tickets/show.html", {"ticket": get_object_or_404(Ticket, pk=pk)})


@require_POST
def close(request, pk):
    Ticket.objects.filter(pk=pk).update(is_open=False)
    return redirect("index")


def link(request, pk):
    return JsonResponse({"link": request.build_absolute_uri("/tickets/%d/" % pk)})


def archive(request):
    year = int(request.GET.get("year", "this year"))
    return HttpResponse("nothing in %d" % year)
