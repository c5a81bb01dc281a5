curl -s "$BILLFOLD_URL/v1/checkout/sessions" -u "$BILLFOLD_KEY:" \
  -H "Idempotency-Key: order-1187" -H "Content-Type: application/json" \
  -d '{"amount": {"amount": "690", "currency": "EUR"},
       "reference": "order-1187",
       "line_items": [{"name": "Flat white and croissant", "quantity": 1,
                       "amount": {"amount": "690", "currency": "EUR"}}],
       "return_url": "https://shop.example/thanks"}'
