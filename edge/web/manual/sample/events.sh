# What has happened, oldest first. Keep next_cursor, and ask again with cursor=… for what came since.
curl -s "$BILLFOLD_URL/v1/events?since=0&limit=5" -u "$BILLFOLD_KEY:"
