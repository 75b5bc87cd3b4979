from fastapi import APIRouter, Depends

from ..deps import get_db

router = APIRouter(tags=["admin"])


@router.get("/users")
def users(conn=Depends(get_db)):
    return [dict(row) for row in conn.execute("SELECT id, email, is_admin FROM users")]


@router.post("/users/{user_id}/promote")
def promote(user_id: int, conn=Depends(get_db)):
    conn.execute("UPDATE users SET is_admin = 1 WHERE id = ?", (user_id,))
    conn.commit()
    return {"ok": True}
