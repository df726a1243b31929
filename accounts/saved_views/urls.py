"""The addresses of saved views; the name of the list's own address stands in each."""

from django.urls import path

from accounts.saved_views import views

app_name = "saved_views"

urlpatterns = [
    path("<str:page>/", views.SavedViewList.as_view(), name="list"),
    path("<str:page>/save/", views.SaveView.as_view(), name="save"),
    path("<str:page>/<int:pk>/rename/", views.RenameView.as_view(), name="rename"),
    path("<str:page>/<int:pk>/update/", views.UpdateView.as_view(), name="update"),
    path("<str:page>/<int:pk>/delete/", views.DeleteView.as_view(), name="delete"),
]
