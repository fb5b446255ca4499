print("durable")
