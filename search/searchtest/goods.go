package searchtest

import (
	"encoding/json"
	"fmt"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

// opening is when the shop of the suite opened.
func opening() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

func day(n int) time.Time { return opening().AddDate(0, 0, n) }

// item is a listed product in EUR with one price; change modifies it.
func item(id, title, brand, category string, price, available int64, change ...func(*search.Product)) search.Product {
	p := search.Product{
		ID: id, Version: 10, Status: product.StatusListed,
		Title: title, Brand: brand, Category: category, Currency: "EUR",
		MinPrice: price, MaxPrice: price, Available: available,
		CreatedAt: opening(), UpdatedAt: opening(),
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func tags(list ...string) func(*search.Product) {
	return func(p *search.Product) { p.Tags = list }
}

func text(s string) func(*search.Product) {
	return func(p *search.Product) { p.Description = s }
}

func upTo(price int64) func(*search.Product) { return func(p *search.Product) { p.MaxPrice = price } }

func created(n int) func(*search.Product) { return func(p *search.Product) { p.CreatedAt = day(n) } }

func in(currency string) func(*search.Product) {
	return func(p *search.Product) { p.Currency = currency }
}

func status(s product.Status) func(*search.Product) { return func(p *search.Product) { p.Status = s } }

func attribute(name, value string) func(*search.Product) {
	return func(p *search.Product) { p.Attributes = map[string]string{name: value} }
}

// goods are all products of the shop.
func goods() []search.Product {
	return []search.Product{
		item("hp-wireless", "Wireless Noise-Cancelling Headphones", "Sonavo", "Headphones", 24900, 12, created(8),
			tags("bluetooth", "travel"), text("Over-ear, with 30 hours of battery & a soft case.")),
		item("hp-studio", "Studio Headphones MX-400", "Akord", "Headphones", 15900, 3, created(7),
			tags("studio", "wired"), text("Closed back, for mixing. Needs a cable: it is not wireless.")),
		item("hp-kids", "Kids' Headphones", "Sonavo", "Headphones", 2900, 0, created(9),
			tags("kids", "wired"), text("Never louder than 85 dB.")),
		item("adapter", "LA-DC52 Lens Adapter", "Canovia", "Camera Parts", 3500, 8, created(1), tags("lens")),
		item("adapter-c", "LA-DC52C Lens Adapter", "Canovia", "Camera Parts", 3900, 4, created(2), tags("lens")),
		item("fan", "Quiet Pedestal Fan PF19.0W", "Ventura", "Fans", 7900, 20, tags("summer")),
		item("fan-small", "Desk Fan PF12.0W", "Ventura", "Fans", 3900, 6, tags("summer")),
		item("sofa", "Oslo Three-Seat Sofa", "Nordhem", "Living Room", 89900, 5, upTo(119900), created(4),
			attribute("material", "wool"), text("Legs of oak.")),
		item("couch", "Corner Couch Bergen", "Nordhem", "Living Room", 129900, 0, created(5)),
		item("espresso", "Café Crème Espresso Cups", "Élan", "Kitchen", 2400, 40, tags("coffee", "gift"), created(3)),
		item("mug", "Large Mug", "Élan", "Kitchen", 1200, 100, tags("coffee"), text("For cocoa and for coffee.")),
		item("jeans", "Women's Jeans", "Denimo", "Clothing", 5900, 30, upTo(6900), tags("cotton")),
		item("tshirt", "Organic T-Shirt", "Denimo", "Clothing", 1900, 55, tags("cotton", "organic")),
		item("television", "Television 55 inch", "Visto", "Electronics", 64900, 7),
		item("phone", "Smartphone X2 128GB", "Visto", "Electronics", 39900, 9, upTo(70000)),
		item("phone-case", "iPhone 13 Case", "Casely", "Electronics", 1500, 80),
		item("refrigerator", "Refrigerator 300 l", "Polar", "Kitchen", 54900, 2),
		item("magnet", "Fridge Magnet", "Polar", "Gifts", 300, 500, tags("gift")),
		item("poster", `Rock & Roll <b>"Poster"</b>`, "O'Neil", "Gifts", 900, 60),
		item("aeroplane", "Ærø Sailing Jacket", "Bølge", "Clothing", 18900, 4),
		item("zh-headphones", "无线降噪耳机", "声悦", "耳机", 89900, 9, in("CNY"), tags("蓝牙"), text("主动降噪，续航30小时。")),
		item("zh-tea", "西湖龙井绿茶", "狮峰", "茶叶", 19900, 15, in("CNY"), text("明前采摘，清香。")),
		item("ja-headphones", "ワイヤレスヘッドホン", "オトワ", "オーディオ", 12800, 6, in("JPY"), text("ノイズキャンセリング付き。")),
		item("ja-teapot", "常滑焼の急須", "陶楽", "茶器", 4200, 3, in("JPY")),
		item("draft", "Secret Wireless Headphones", "Sonavo", "Headphones", 19900, 5, status(product.StatusDraft), tags("secret")),
		item("delisted", "Old Wireless Headphones", "Sonavo", "Headphones", 9900, 5, status(product.StatusDelisted), tags("secret")),
		item("odd", "Recalled Wireless Headphones", "Sonavo", "Headphones", 9900, 5, status("recalled")),
	}
}

// named returns one of the goods.
func named(id string) search.Product {
	for _, p := range goods() {
		if p.ID == id {
			return p
		}
	}
	panic("the shop has no " + id)
}

// placed is an order of the shop.
func placed(id, customer string, at time.Time, s order.Status, change ...func(*search.Order)) search.Order {
	o := search.Order{
		ID: id, Revision: 7, Version: 3, CustomerID: customer, Status: s,
		ProductIDs: []string{"mug"}, Titles: []string{"Large Mug"},
		Recipient: "Ada Lovelace", Address: "12 St James's Square, SW1Y 4JH, London, GB",
		Total: 1200, Currency: "EUR", PlacedAt: at, UpdatedAt: at,
		Document: json.RawMessage(fmt.Sprintf(`{"id": %q, "status": %q, "note": "For Ada <3 & 小明", "lines": [{"sku": "m", "quantity": 1}]}`, id, s)),
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

// paid gives an order payments, with numbers that a float can't hold.
func paid(o *search.Order) {
	o.Payments = map[string]json.RawMessage{
		"payment:pi_1":      json.RawMessage(`{"id":"pi_1","amount":9007199254740993,"rate":1.10,"refunds":[],"token":null}`),
		"refund:pi_1/re_1":  json.RawMessage(`{"amount":{"minor":-1,"currency":"EUR"},"reason":"\u5c0f \"<b>\""}`),
		"refund:pi_1/re.2~": json.RawMessage(` { } `),
	}
}

// known gives an order the name by which another system knows it.
func known(reference string) func(*search.Order) {
	return func(o *search.Order) { o.ExternalReference = reference }
}

// changed says when an order last changed.
func changed(at time.Time) func(*search.Order) {
	return func(o *search.Order) { o.UpdatedAt = at }
}

func of(ids []string, titles ...string) func(*search.Order) {
	return func(o *search.Order) { o.ProductIDs, o.Titles = ids, titles }
}

func to(recipient, address string) func(*search.Order) {
	return func(o *search.Order) { o.Recipient, o.Address = recipient, address }
}

// orders are all orders of the shop, the oldest first.
func orders() []search.Order {
	return []search.Order{
		placed("0192f3c4-7b1a-7000-8000-00000000a001", "ada", day(0), order.StatusDelivered, known("SO 1/ä"), changed(day(8))),
		placed("0192f3c4-7b1a-7000-8000-00000000a002", "ada", day(1), order.StatusPaid,
			of([]string{"hp-wireless", "mug"}, "Wireless Noise-Cancelling Headphones", "Large Mug"), paid, known("so 1/ä")),
		placed("0192f3c4-7b1a-7000-8000-00000000b003", "zuse", day(2), order.StatusCancelled,
			of([]string{"adapter"}, "LA-DC52 Lens Adapter"), to("Konrad Zuse", "Methfesselstraße 7, 10965, Berlin, DE")),
		placed("0192f3c4-7b1a-7000-8000-00000000b004", "zuse", day(3), order.StatusAwaitingPayment,
			of([]string{"zh-tea"}, "西湖龙井绿茶"), to("王小明", "上海市浦东新区世纪大道100号, 200120, CN")),
		placed("0193aaaa-7b1a-7000-8000-00000000c005", "hopper", day(4), order.StatusReserving, known("SO 1/ä")),
	}
}

// crowd is many products that match equally: numbered, ten per price.
func crowd(n int) []search.Product {
	var many []search.Product
	for i := range n {
		many = append(many, item(fmt.Sprintf("lamp-%03d", i), "Reading Lamp", "Lumo", "Lamps", int64(1000+i/10*100), int64(i%7),
			created(i/10), text("A lamp to read by.")))
	}
	return many
}
