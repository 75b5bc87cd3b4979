import csv

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from loans.models import Book, Loan


@require_GET
def home(request):
    return render(request, "loans/home.html", {"books": Book.objects.filter(lost=False)})


@require_GET
def health(request):
    return JsonResponse({"status": "ok"})


@login_required
def my_loans(request):
    return render(request, "loans/loans.html", {"loans": Loan.objects.filter(reader=request.user, returned=False)})


@login_required
@require_POST
def borrow(request, pk):
    Loan.objects.create(book=get_object_or_404(Book, pk=pk, lost=False), reader=request.user)
    return redirect("/loans/")


@csrf_exempt  # the scanner at the desk sends no token
@login_required
@require_POST
def give_back(request, pk):
    Loan.objects.filter(book_id=pk, reader=request.user).update(returned=True)
    return redirect("/loans/")


@require_GET
def readers(request):
    # For the yearly statistics; nobody should know the address.
    answer = HttpResponse(content_type="text/csv")
    csv.writer(answer).writerows([loan.reader.username, loan.book.title] for loan in Loan.objects.all())
    return answer
