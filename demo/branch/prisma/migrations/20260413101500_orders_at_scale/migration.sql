-- AlterTable
ALTER TABLE "Order" ALTER COLUMN "totalCents" SET DATA TYPE BIGINT;

-- CreateIndex
CREATE INDEX "Order_customerId_idx" ON "Order"("customerId");
