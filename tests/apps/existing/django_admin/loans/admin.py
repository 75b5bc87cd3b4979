from django.contrib import admin

from loans.models import Book, Loan


@admin.action(description="Mark the chosen books as lost")
def mark_lost(modeladmin, request, queryset):
    queryset.update(lost=True)


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title", "author", "lost"]
    list_filter = ["lost"]
    search_fields = ["title", "author"]
    actions = [mark_lost]


@admin.register(Loan)
class LoanAdmin(admin.ModelAdmin):
    list_display = ["book", "reader", "since", "returned"]
    autocomplete_fields = ["book"]
    date_hierarchy = "since"
