-- AlterTable
ALTER TABLE "Customer" ADD COLUMN     "phone" VARCHAR(20);

-- CreateIndex
CREATE INDEX "Order_status_placedAt_idx" ON "Order"("status", "placedAt" DESC);
