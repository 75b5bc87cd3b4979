from fastapi import Depends, HTTPException, Request

from . import db


def get_db():
    connection = db.connect()
    try:
        yield connection
    finally:
        connection.close()


def current_user(request: Request, conn=Depends(get_db)):
    token = request.cookies.get("session")
    if not token:
        return None
    return conn.execute(
        "SELECT users.* FROM users JOIN sessions ON sessions.user_id = users.id WHERE sessions.token = ?", (token,)
    ).fetchone()


def login_required(user=Depends(current_user)):
    if user is None:
        raise HTTPException(status_code=401, detail="Please sign in")
    return user
