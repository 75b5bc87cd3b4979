from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from ..deps import get_db, login_required
from ..pages import templates

router = APIRouter(tags=["orders"])


@router.get("/", response_class=HTMLResponse)
def list_orders(request: Request, user=Depends(login_required), conn=Depends(get_db)):
    orders = conn.execute("SELECT * FROM orders WHERE user_id = ? ORDER BY id", (user["id"],)).fetchall()
    return templates.TemplateResponse(request, "orders.html", {"orders": orders, "user": user})


@router.post("/")
def create_order(item: str = Form(...), quantity: int = Form(1), user=Depends(login_required), conn=Depends(get_db)):
    conn.execute("INSERT INTO orders (user_id, item, quantity) VALUES (?, ?, ?)", (user["id"], item, quantity))
    conn.commit()
    return RedirectResponse("/orders/", status_code=303)


@router.post("/{order_id}/cancel")
def cancel_order(order_id: int, user=Depends(login_required), conn=Depends(get_db)):
    conn.execute("UPDATE orders SET status = 'cancelled' WHERE id = ? AND user_id = ?", (order_id, user["id"]))
    conn.commit()
    return RedirectResponse("/orders/", status_code=303)


@router.get("/{order_id}", response_class=HTMLResponse)
def show_order(order_id: int, request: Request, user=Depends(login_required), conn=Depends(get_db)):
    order = conn.execute("SELECT * FROM orders WHERE id = ? AND user_id = ?", (order_id, user["id"])).fetchone()
    if order is None:
        raise HTTPException(status_code=404, detail="No such order")
    return templates.TemplateResponse(request, "order.html", {"order": order, "user": user})
