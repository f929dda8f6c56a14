"""What Alembic runs around the migrations: on the connection, and inside the transaction, that it is given."""

from alembic import context

from milepost.control.rows import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=False,  # SQLite cannot alter a column in place
    transactional_ddl=False,  # the caller's transaction is the one and only
)
context.run_migrations()
