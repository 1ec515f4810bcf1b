/*
  Warnings:

  - You are about to drop the column `fullName` on the `Customer` table. All the data in the column will be lost.

*/
-- AlterTable
ALTER TABLE "Customer" DROP COLUMN "fullName",
ADD COLUMN     "displayName" TEXT;
