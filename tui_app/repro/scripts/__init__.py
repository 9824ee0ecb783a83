"""The sources of which a script is put together: `common`, and one family of failures. They import nothing of ours but `common`."""
