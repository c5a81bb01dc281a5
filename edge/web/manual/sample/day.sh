# Today in Berlin, a currency at a time. Add &date=2026-03-01 for another day.
curl -s "$BILLFOLD_URL/v1/reports/day?zone=Europe/Berlin" -u "$BILLFOLD_KEY:"
