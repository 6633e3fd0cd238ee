// A program such as a shop would write. It compiles only if the types that
// openapi-typescript generates from the contract are usable.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const holdfast = createClient<paths>({ baseUrl: "http://127.0.0.1:8080" });

export async function buy(sku: string, key: string): Promise<components["schemas"]["PaymentOffer"]> {
  const placed = await holdfast.POST("/v1/orders", {
    params: { header: { "Idempotency-Key": key } },
    body: { lines: [{ productId: "mug", sku, quantity: 2 }] },
  });
  if (placed.error) {
    const short = placed.error.shortages?.map((s) => `${s.productId}: ${s.available}`);
    throw new Error(`${placed.error.type} ${short?.join(", ") ?? placed.error.title}`);
  }
  const total: number = placed.data.amounts.total;
  const offer = await holdfast.POST("/v1/orders/{id}/payment", {
    params: { path: { id: placed.data.id }, header: { "Idempotency-Key": `${key}-pay` } },
    body: { provider: "sandbox" },
  });
  if (offer.error || offer.data.amount !== total) {
    throw new Error(offer.error?.title ?? "another amount");
  }
  return offer.data;
}
